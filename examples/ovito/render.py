"""Render a configuration by its predicted structural order parameter, without a screen.

python render.py [PICTURE.png [FILE [PIXELS]]]

FILE is what OVITO or equiglass reads; by default a packaged configuration at T = 0.5.
"""

import sys
from importlib.resources import files

from ovito.io import import_file
from ovito.modifiers import ColorCodingModifier, SliceModifier
from ovito.vis import ColorLegendOverlay, TachyonRenderer, Viewport

from equiglass.interfaces.ovito_modifier import ORDER, PredictMobility
from equiglass.interfaces.ovito_reader import ReadConfigurations

store = files("equiglass") / "packaged" / "data" / "ka3d.zarr.zip"
picture = sys.argv[1] if len(sys.argv) > 1 else "order.png"
file = sys.argv[2] if len(sys.argv) > 2 else str(store)
pixels = int(sys.argv[3]) if len(sys.argv) > 3 else 480

reader = ReadConfigurations if ReadConfigurations.detect(file) else None
pipeline = import_file(file, input_format=reader) if reader else import_file(file)
pipeline.modifiers.append(PredictMobility(model="ka3d_t044"))
# Mobility in standard units of the species, so that A and B are seen on one scale.
colour = ColorCodingModifier(
    property=ORDER, start_value=-1, end_value=3, gradient=ColorCodingModifier.Viridis()
)
pipeline.modifiers.append(colour)
# After the prediction: what is cut away is part of the liquid that was predicted.
size = pipeline.compute().cell[0, 0]
pipeline.modifiers.append(SliceModifier(normal=(0, 0, 1), distance=size / 2))
pipeline.add_to_scene()
pipeline.compute().particles.vis.scaling = 0.95
legend = ColorLegendOverlay(title="structural order parameter", font_size=0.08, legend_size=0.35)
legend.modifier = colour
view = Viewport(type=Viewport.Type.Perspective, camera_dir=(0.5, 0.8, -0.9), overlays=[legend])
view.zoom_all(size=(pixels, pixels))
view.fov *= 1.15
view.render_image(
    filename=picture,
    size=(pixels, pixels),
    background=(1, 1, 1),
    renderer=TachyonRenderer(shadows=False),
)
print(f"{picture}: {pipeline.compute().attributes['PredictMobility.outside_domain']}")
