// Prints the environment it is run in.
console.log(JSON.stringify(process.env));
