"""Patch distributions matched by gradient descent on pixels (Elnekave and Weiss, ECCV 2022), guided by layouts."""
