"""Where the search looks."""

import numpy as np
from hyperopt import hp

SPACE = {
    "depth": hp.uniformint("depth", 4, 7),
    "learning_rate": hp.loguniform("learning_rate", np.log(0.05), np.log(0.25)),
    "l2_leaf_reg": hp.loguniform("l2_leaf_reg", np.log(1), np.log(30)),
    "history_days": hp.quniform("history_days", 240, 720, 60),
    "half_life_days": hp.loguniform("half_life_days", np.log(90), np.log(720)),
}
