package schemas

// Alert is the document that is published for a hit.
type Alert struct{}
