using RaftStream.Node.Commands;

return await CommandLineProgram.RunAsync(args);
