"""What a burden does to a body: peripheral iron, CNS iron and dopamine, symptoms."""
