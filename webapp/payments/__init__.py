"""The arithmetic of payments: whole đồng, never a float; standard library only, no person and no paper."""
