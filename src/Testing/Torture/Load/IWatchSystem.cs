namespace RaftStream.Testing;

/// <summary>A system whose nodes tell changes as they come into the log.</summary>
internal interface IWatchSystem
{
    /// <summary>
    /// Watches all keys with a beginning through one node, behind what an earlier watch was told last. Ends when the connection does, and never throws for a node that is down.
    /// </summary>
    /// <param name="address">The node, at host:port.</param>
    /// <param name="prefix">How the keys begin.</param>
    /// <param name="from">The last <see cref="WatchTold.Id"/> that was told; null to begin with all rows.</param>
    /// <param name="end">When to hang up.</param>
    IAsyncEnumerable<WatchTold> WatchAsync(string address, string prefix, string? from, CancellationToken end);
}

/// <summary>What a watch tells.</summary>
internal enum WatchToldKind
{
    /// <summary>All rows follow, up to the next progress: what was told before does not reach to them.</summary>
    Reset = 0,

    /// <summary>What a key is.</summary>
    Row = 1,

    /// <summary>What a key became.</summary>
    Change = 2,

    /// <summary>Everything up to a place was told.</summary>
    Progress = 3,
}

/// <summary>One thing that a watch tells.</summary>
/// <param name="Kind">What.</param>
/// <param name="Index">The place in the log; 0 for a reset.</param>
/// <param name="Key">Of a row or a change: which key.</param>
/// <param name="Value">Of a row or a change: the value; null where the key is gone.</param>
/// <param name="Id">Behind what another watch goes on; null where this moves nothing.</param>
/// <param name="Resume">The place that the id stands for; null where it stands for none, so that whoever gives it begins anew.</param>
internal readonly record struct WatchTold(WatchToldKind Kind, long Index = 0, string Key = "", long? Value = null, string? Id = null, long? Resume = null);
