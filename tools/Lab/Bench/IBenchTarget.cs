using RaftStream.Hosting.Http;

namespace RaftStream.Lab.Bench;

/// <summary>How one increment ended, as far as its caller knows.</summary>
internal enum AddResult
{
    /// <summary>A quorum has it on disk and the leader applied it.</summary>
    Acknowledged = 0,

    /// <summary>Certainly not done.</summary>
    Rejected = 1,

    /// <summary>Done or not.</summary>
    Unknown = 2,
}

/// <summary>A running cluster under load. Disposing it ends the nodes; their folder is the caller's to delete.</summary>
internal interface IBenchTarget : IAsyncDisposable
{
    /// <summary>How the load reaches the cluster, in one word, for the report.</summary>
    string Mode { get; }

    /// <summary>Waits for a leader and makes everything ready for that many operations at a time on it; returns its status.</summary>
    Task<StatusJson> AimAsync(int inFlight, CancellationToken cancellationToken);

    /// <summary>The status of the node aimed at, whatever its role is by now.</summary>
    Task<StatusJson> StatusAsync(CancellationToken cancellationToken);

    /// <summary>Adds 1 to a key on the node aimed at. Never throws for a node that fails. From any thread.</summary>
    ValueTask<AddResult> AddAsync(int key);

    /// <summary>The sum of all counters, linearizably.</summary>
    Task<long> TotalAsync(CancellationToken cancellationToken);
}

/// <summary>The keys of the load: a bounded set of random letters and digits, the same at each run of the program.</summary>
internal static class BenchKeys
{
    /// <summary>How many keys; short ones may be there more than once, which only makes fewer counters.</summary>
    public const int Count = 1_024;

    private const string Alphabet = "abcdefghijklmnopqrstuvwxyz0123456789";

    /// <summary>Makes the keys.</summary>
    public static string[] Create(int bytes)
    {
        var random = new Random(bytes);
        var keys = new string[Count];
        for (var i = 0; i < keys.Length; i++)
            keys[i] = new string(random.GetItems<char>(Alphabet, bytes));
        return keys;
    }
}
