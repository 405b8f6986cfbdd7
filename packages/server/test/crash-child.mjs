// A process that another one can end.
process.send?.("running");
setInterval(() => {}, 1_000);
