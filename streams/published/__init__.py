"""What others may build on, as documents: JSON Schema of what travels, and the AsyncAPI document of the topics.

Made from `schemas`, so that they cannot tell another tale: the forms that are decoded and encoded, the event types, the
topics.  JSON Schema says what a form must look like; what it must mean is for `portalwatch check` and the dead letters.
"""
