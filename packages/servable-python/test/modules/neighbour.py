NAME = "a neighbour"
