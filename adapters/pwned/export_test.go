package pwned

// Find reads an answer.
var Find = find
