"""Telling people (告知): before an offset what will be paid and what will not, after it what came.

Three steps, each in transactions of its own, off the money's path and killed anywhere:
``passes`` looks through a wave for what is to be told and notes it, once for ever;
``asking`` has the core say the telephone numbers of a few hundred of them; with the answer
``sending`` writes the texts as messages of the bus.  ``wording`` holds the templates.
"""
