"""x"""
def match_timing(grey, template): raise NotImplementedError
