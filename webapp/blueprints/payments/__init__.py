"""Chi trả: who is paid, how much, and the papers for it; the only pages where names stand."""
