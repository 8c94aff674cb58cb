"""How processes come to life: Ray, batch schedulers, workers. The only room that imports ray and submitit."""
