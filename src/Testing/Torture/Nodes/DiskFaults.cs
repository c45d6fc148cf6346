namespace RaftStream.Testing;

/// <summary>What is wrong with a <see cref="FaultyDisk"/>, and what has come of it. Set by one thread, read by those that use the disk.</summary>
internal sealed class DiskFaults
{
    private int _isFull;
    private int _slowMs;
    private int _syncFails;
    private long _cutSeed;
    private long _slowOperations;
    private long _refusedWrites;
    private long _failedSyncs;

    /// <summary>Whether there is no room for a new file, or for one to grow.</summary>
    public bool IsFull
    {
        get => Volatile.Read(ref _isFull) != 0;
        set => Volatile.Write(ref _isFull, value ? 1 : 0);
    }

    /// <summary>Milliseconds that each write and each sync takes longer.</summary>
    public int SlowMs
    {
        get => Volatile.Read(ref _slowMs);
        set => Volatile.Write(ref _slowMs, value);
    }

    /// <summary>Whether the next sync fails; none behind it does.</summary>
    public bool SyncFails
    {
        set => Volatile.Write(ref _syncFails, value ? 1 : 0);
    }

    /// <summary>Not 0: the next sync is cut short by the end of the power, and of what was not synced a part drawn from this number is kept.</summary>
    public long CutInSync
    {
        get => Volatile.Read(ref _cutSeed);
        set => Volatile.Write(ref _cutSeed, value);
    }

    /// <summary>Writes and syncs that were slowed down.</summary>
    public long SlowOperations => Volatile.Read(ref _slowOperations);

    /// <summary>Writes and creations that found no room.</summary>
    public long RefusedWrites => Volatile.Read(ref _refusedWrites);

    /// <summary>Syncs that failed.</summary>
    public long FailedSyncs => Volatile.Read(ref _failedSyncs);

    /// <summary>Whether the sync under way is the one that fails.</summary>
    public bool TakeSyncFailure()
    {
        if (Interlocked.Exchange(ref _syncFails, 0) == 0)
            return false;
        Interlocked.Increment(ref _failedSyncs);
        return true;
    }

    /// <summary>Something found no room.</summary>
    public DiskFullException Refuse(string name)
    {
        Interlocked.Increment(ref _refusedWrites);
        return new($"There is no room for '{name}': the disk is full (a fault of the lab).");
    }

    /// <summary>Waits as long as a slow disk takes longer.</summary>
    public void Delay()
    {
        var milliseconds = SlowMs;
        if (milliseconds <= 0)
            return;
        Interlocked.Increment(ref _slowOperations);
        Thread.Sleep(milliseconds);
    }
}
