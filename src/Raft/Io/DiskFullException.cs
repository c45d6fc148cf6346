namespace RaftStream.Raft;

/// <summary>
/// The medium has no room, or the user's quota is used up (ENOSPC, EDQUOT), for what a create, a write or a rename needs. No fault of
/// the medium: the same call succeeds once somebody has made room.
/// </summary>
/// <remarks>
/// A write may have written a part before it met the end. A <b>sync</b> never ends with this exception, whatever the reason: one that
/// failed leaves open what is on the medium, and is an <see cref="IOException"/> like any other.
/// </remarks>
public sealed class DiskFullException : IOException
{
    /// <summary>Says in one sentence for which file there is no room.</summary>
    public DiskFullException(string message, Exception? inner = null)
        : base(message, inner)
    {
    }
}
