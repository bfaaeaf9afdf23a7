"""The hub, put together: the only place that joins settings, keys, store, flows and doors.

1 opening    each part is opened as its setting says
2 parts      all of them, once, in the order in which they need one another
3 working    the threads that do what nobody asks for
4 doors      every door is joined to its flow
5 building   `build` makes one running hub of it: an ASGI application, and what ends it
"""
