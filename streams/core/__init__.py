"""The judgement: calendars, rules, fold, arming, the engine of one partition.

Pure: no Faust, no asyncio, no clock, no I/O.  Time is an argument, in microseconds.
"""
