"""How good a model is: backtest, gate, model card."""
