namespace RaftStream.Client;

/// <summary>One output of a job's subscription.</summary>
/// <param name="Sequence">Its number: one more than that of the output before it. Where more lie between two, they are not kept any more.</param>
/// <param name="Time">Its event time, in milliseconds since 1970-01-01 UTC.</param>
/// <param name="Text">What the sink wrote.</param>
public readonly record struct ClientSinkOutput(long Sequence, long Time, string Text);
