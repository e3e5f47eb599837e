"""A first look at data and predictions; first_look.ipynb is made of this by tools/notebooks.py."""

# %% [markdown]
# # A first look
#
# A configuration, its inherent structure, what the packaged network predicts of it, and a page to
# look at. Some seconds; nothing is downloaded.

# %%
import equiglass as eg

data = eg.read("ka3d_quickstart")
data

# %%
configuration = data[0]
configuration

# %% [markdown]
# Where a file has positions alone, the inherent structure and the energies are made with LAMMPS:

# %%
bare = configuration.replace(inherent_positions=None, thermal_energy=None, inherent_energy=None)
quenched = eg.quench(bare)[0]
print(quenched.thermal_energy.mean(), quenched.inherent_energy.mean())

# %% [markdown]
# The packaged network was trained at T = 0.44. This liquid is at T = 0.56, and the prediction says
# that it is outside of what the network knows.

# %%
prediction = eg.predict("ka3d_t044", quenched)[0]
prediction

# %%
from equiglass.reporting.figures import prediction_map

prediction_map(prediction, row=0)

# %% [markdown]
# The same in 3D, beside what was measured at shorter times: open `page.html` in a browser.

# %%
eg.view(prediction, "page.html")
