"""What LocalStack needs to run without containers, as its own plugins.

`executor` runs Lambda functions as processes, `dynamodb` answers from moto instead of a Java program,
`loopback` keeps the server from being reached from other machines.
"""
