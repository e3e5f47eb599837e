"""Write every page and block that is made from committed runs, tables and classes; or check them.

python tools/results.py [--check]        (or: make results, make check-results)
"""

from __future__ import annotations

import all_temperatures_page
import baselines_page
import bonds_page
import claims_page
import faults_page
import fuzz_page
import ka3d_page
import labels_page
import learner_page
import notebooks
import own_trajectory_page
import paper_page
import performance_table
import physics_page
import potential_page
import results_page
import settings_table
import single_runs_page
import states_page
import studies_page
import ternary_2d_page
import tutorial_page
import vibrations_page
import wheel_page
from pages import Page, run

PAGES: tuple[Page, ...] = (
    *settings_table.PAGES,
    *studies_page.PAGES,
    *baselines_page.PAGES,
    *bonds_page.PAGES,
    *ternary_2d_page.PAGES,
    *claims_page.PAGES,
    *ka3d_page.PAGES,
    *all_temperatures_page.PAGES,
    *labels_page.PAGES,
    *learner_page.PAGES,
    *results_page.PAGES,
    *paper_page.PAGES,
    *performance_table.PAGES,
    *physics_page.PAGES,
    *fuzz_page.PAGES,
    *faults_page.PAGES,
    *single_runs_page.PAGES,
    *states_page.PAGES,
    *own_trajectory_page.PAGES,
    *potential_page.PAGES,
    *tutorial_page.PAGES,
    *vibrations_page.PAGES,
    *wheel_page.PAGES,
    *notebooks.PAGES,
)

if __name__ == "__main__":
    run(PAGES, __doc__)
