namespace RaftStream.Hosting.Streams;

/// <summary>Where the console sinks of jobs print at this node; it is not closed.</summary>
/// <param name="Writer">Takes text.</param>
internal sealed record JobConsole(TextWriter Writer);
