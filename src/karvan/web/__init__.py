"""The app: a JSON API over runs and routes, and the page that uses it.

Nothing here computes: questions go to worker processes, results come from the results folder.
"""
