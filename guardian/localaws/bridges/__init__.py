"""One module per thing that moto's server does not do as AWS does; each has `install(world)`."""
