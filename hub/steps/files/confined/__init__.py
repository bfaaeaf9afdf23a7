"""Child processes that can do nothing but think: for files of strangers, which no process with rights takes apart.

`child`    what a child gives up before it sees the first byte
`children` spawned, kept ready, asked once, killed when late
`octets`   the form in which a child is asked and answers
`foreign_seal`, `foreign_seal_child`  whether the seal of a PDF that another system made holds
"""
