namespace RaftStream.Hosting.Resp;

/// <summary>What a connection of the Redis protocol may send. Whatever is beyond is read over without being kept, and answered with an error.</summary>
internal static class RespLimits
{
    /// <summary>The most arguments of a command, its name included; a command has so many keys, or pairs, at the most.</summary>
    public const int MaxArguments = (2 * MaxKeys) + 1;

    /// <summary>The most keys of a command: as many as are read at one moment.</summary>
    public const int MaxKeys = 1_000;

    /// <summary>The longest argument in bytes: the longest value of the store.</summary>
    public const int MaxBulk = 64 * 1024;

    /// <summary>The most bytes of a command's arguments: what a batch of the store takes.</summary>
    public const int MaxCommandBytes = 1024 * 1024;

    /// <summary>The longest inline command in bytes, as in Redis.</summary>
    public const int MaxInline = 64 * 1024;

    /// <summary>The most arguments of a client that has not said who it is, as in Redis.</summary>
    public const int MaxArgumentsUnknown = 10;

    /// <summary>The longest argument of such a client, as in Redis.</summary>
    public const int MaxBulkUnknown = 16 * 1024;

    /// <summary>What Redis itself would not take: behind it nobody knows what was meant.</summary>
    public const int MaxAnnouncedBulk = 512 * 1024 * 1024;

    /// <summary>The same for the number of arguments.</summary>
    public const int MaxAnnouncedArguments = 1024 * 1024;

    /// <summary>The most commands that are worked at together; further ones wait in the network.</summary>
    public const int MaxPipeline = 1_024;
}
