"""Sealed documents: made as acts of their own, kept as files, handed to whom they belong.

`permission` whether a document may be had now
`making`     a document that is wanted is made, once: intention, seals, entry
`worker`     the threads that make what is wanted, off the request's path
`downloads`  an enterprise fetches its own documents, a requester the copies of a delivery, each by a link that ends
`existing`   a department's PDF with a seal of its own is taken in as it is
`picture`    what anybody may have: public fields, without a seal
`archive`    many documents in one zip, with a list of contents
`checking`   every stored document is proven; what is missing or damaged is named and wanted again
"""
