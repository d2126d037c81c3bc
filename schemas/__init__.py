"""What travels: events, alerts, the policy file, topics.

Plain typed forms and their codecs.  Nothing here judges anything, reads a clock or does I/O;
it imports msgspec and a YAML reader only.
"""
