"""What LocalStack needs to run without containers, as its own plugins.

`executor` runs Lambda functions as processes, `dynamodb` answers from moto instead of a Java program,
`pollers` takes from a queue several times at once, `loopback` keeps the server from being reached from other machines.
"""
