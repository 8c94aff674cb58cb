"""Files of any kind become texts: PDF, office formats, mail, web pages, plain text. Another process parses them."""
