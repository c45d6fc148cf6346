namespace RaftStream.Raft.Core;

/// <summary>A member of a configuration. Immutable.</summary>
internal sealed record Member
{
    /// <summary>The priority of a member of whom nothing else was said.</summary>
    public const int UsualPriority = 100;

    /// <summary>The largest priority.</summary>
    public const int MaxPriority = 255;

    /// <summary>The longest address, in bytes of UTF-8.</summary>
    public const int MaxAddress = 255;

    /// <summary>Its id, never used again once it is gone.</summary>
    public required NodeId Id { get; init; }

    /// <summary>Where its peers dial it: <c>host:port</c>. The core only carries it.</summary>
    public string Address { get; init; } = "";

    /// <summary>
    /// The random number of the data folder with which it joined; 0 until the cluster has heard it. A node that comes with another one
    /// lost its disk, and with it perhaps a vote: it is refused.
    /// </summary>
    public ulong Disk { get; init; }

    /// <summary>Who of those that could lead should: the larger, the rather. 0 to 255.</summary>
    public int Priority { get; init; } = UsualPriority;

    /// <summary>Whether it votes in the configuration that is, or comes into, force.</summary>
    public bool IsVoter { get; init; }

    /// <summary>Whether it votes in the configuration that a joint one leaves.</summary>
    public bool WasVoter { get; init; }

    /// <summary>Whether it gets the log and does not vote.</summary>
    public bool IsLearner => !IsVoter && !WasVoter;
}
