"""An explanation as others see it: as JSON for programs, in words for those who do the work.

    form    the JSON of the contract's section 9
    text    the words, put together from
    words     amounts, local times, rules, stages
    days      what counts, a line a date
    notes     what is out of the ordinary

Pure: from `streams.core.explain` to text.
"""
