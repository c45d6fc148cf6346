namespace RaftStream.Hosting;

/// <summary>Bad usage or input: the message is one sentence with place and mend.</summary>
internal sealed class UsageException(string message, Exception? inner = null) : Exception(message, inner);
