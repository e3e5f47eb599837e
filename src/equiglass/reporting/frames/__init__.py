"""Files that results of many frames are written to, one frame after the other."""
