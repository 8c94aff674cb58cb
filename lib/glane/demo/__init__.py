"""The demonstration: synthetic French emergency notes with right answers, and a small model trained on such notes.

The code that trains the model is `glane_tools.demo_model`.
"""
