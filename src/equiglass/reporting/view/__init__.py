"""One page that shows particles in space, coloured by what is known and predicted of them."""
