"""Sealed documents: made as acts of their own, kept as files, handed to whom they belong.

`making`    a document that is wanted is made, once: intention, seals, entry
`worker`    the threads that make what is wanted, off the request's path
`downloads` an enterprise fetches its own documents, a requester the copies of a delivery, each by a link that ends
`checking`  every stored document is proven; what is missing or damaged is named and wanted again
"""
