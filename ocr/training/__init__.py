"""Training the second reader from generated decks; needs the optional extra `train`, reading does not."""
