using System.Buffers;
using RaftStream.Raft.Wire;

namespace RaftStream.StreamStateMachine;

/// <summary>
/// The replicated state machine: counters of 64 bits with a sign and strings of bytes under keys of UTF-8, and how far each partition of each job has been
/// counted.
/// </summary>
/// <remarks>
/// There is one keyspace: words that jobs count add to the same counters that callers add to, read and list. Give each its own prefix
/// where that is not wanted.
/// <para>
/// A key holds one or the other. Only a batch (<see cref="StoreBatch"/>) makes a counter bytes or bytes a counter; whatever else is meant for a counter is declined where the key holds bytes, and sums,
/// totals and top lists are those of the counters.
/// </para>
/// <para>
/// No command throws, whatever its bytes: one that is malformed, or would leave the range of 64 bits or the store's limits, is declined
/// as a whole with a reply that says why, the same on every replica. A batch is as many commands in one as it has operations.
/// </para>
/// <para>
/// Adds commute with adds, and raises to a maximum with each other. Whoever does both to one counter gets what their order in the log makes of it, the same on every replica.
/// </para>
/// <para>
/// Limits: keys of 1 to 4,096 bytes, values of 0 to 65,536, 2^26 keys, 1 GiB of them, 1 GiB of values that are bytes, 10,000 partitions, names of 1 to 200 characters.
/// </para>
/// </remarks>
public sealed class CountingStore : ICommutingMachine
{
    /// <summary>16 MiB: the changes of some seconds under full load, and of hours under little.</summary>
    public const long DefaultHistoryBytes = 16L * 1024 * 1024;

    private readonly AdvanceCommand _advance = new();
    private readonly ChangeRing _changes;
    private CounterLedger _ledger;
    private CountTable _counters;
    private PartitionTable _partitions;
    private AdvanceRule _rule;
    private BatchRule _batches;

    /// <summary>An empty store.</summary>
    public CountingStore()
        : this(DefaultHistoryBytes)
    {
    }

    /// <summary>An empty store with another bound on the newest changes that it keeps for those who watch; taken as it is needed.</summary>
    /// <param name="historyBytes">How many bytes they may take: 16 KiB to 1 TiB. A change takes 18, and its key.</param>
    public CountingStore(long historyBytes)
        : this(new CountTable(StoreLimits.MaxCounters, StoreLimits.MaxTotalKeyBytes), historyBytes)
    {
    }

    /// <summary>An empty store over an empty table, whose bounds are the store's.</summary>
    internal CountingStore(CountTable counters, long historyBytes = DefaultHistoryBytes)
    {
        if (historyBytes is < ChangeRing.MinBytes or > ChangeRing.MaxBytes)
            throw new ArgumentOutOfRangeException(nameof(historyBytes), historyBytes, $"The newest changes take {ChangeRing.MinBytes} to {ChangeRing.MaxBytes} bytes: give a bound between these.");
        _changes = new(historyBytes);
        _counters = counters;
        _partitions = new(counters.Captures);
        _ledger = new(_counters, _changes);
        _rule = new(_ledger, _partitions);
        _batches = new(_ledger);
    }

    /// <summary>Every change behind this place can still be told to those who watch.</summary>
    internal ChangePlace HistoryFloor => _changes.Floor;

    /// <inheritdoc/>
    public ulong StateHash => HashOf(_counters, _partitions);

    /// <summary>The hash of a state: sums over counters and partitions, so it does not depend on how the state came about.</summary>
    internal static ulong HashOf(CountTable counters, PartitionTable partitions) => counters.Hash + KeyHash.Mix(partitions.Hash);

    /// <inheritdoc/>
    public void Apply(in CommandBatch batch, ref Results results)
    {
        foreach (ref readonly var command in batch)
        {
            Apply(command, results.Writer);
            results.Complete();
        }
    }

    /// <summary>Applies one command and writes its reply.</summary>
    internal void Apply(in Command command, IBufferWriter<byte> reply)
    {
        _ledger.Index = command.Position.Index;
        Apply(command.Payload.Span, reply);
    }

    /// <inheritdoc/>
    public void Query(ReadOnlySpan<byte> query, IBufferWriter<byte> reply) => StoreQuery.Answer(query, _ledger, _partitions, reply);

    /// <inheritdoc/>
    public bool Commutes(ReadOnlySpan<byte> command) => StoreOverlay.TryRead(command, out _, out _, out _);

    /// <inheritdoc/>
    public bool TryQueryOver(ReadOnlySpan<byte> query, ReadOnlySpan<ReadOnlyMemory<byte>> pending, IBufferWriter<byte> reply) =>
        StoreOverlay.TryAnswer(query, _counters, pending, reply);

    /// <summary>
    /// Fixes the state of this moment without copying it: from here on each page is copied before its first change, until the view is
    /// disposed or written to its end. Any number of views may live at a time; one may be written and disposed on any thread.
    /// </summary>
    public ISnapshotView Capture() =>
        new StoreView(_counters.Captures.Begin(), _counters.Freeze(), _partitions.Freeze(), StateHash);

    /// <inheritdoc/>
    public void Restore(ISnapshotReader reader)
    {
        ArgumentNullException.ThrowIfNull(reader);
        var window = new SnapshotWindow(reader);
        var state = Read(window);
        window.RequireEnd();
        Adopt(state, reader.Position);
    }

    /// <summary>Reads the state in a snapshot, behind which more may follow; the store stays as it is.</summary>
    internal (CountTable Counters, PartitionTable Partitions) Read(SnapshotWindow window) => StoreSnapshot.Read(window, _counters.Empty());

    /// <summary>Replaces the whole state by one that was read.</summary>
    internal void Adopt((CountTable Counters, PartitionTable Partitions) state, LogPosition position)
    {
        (_counters, _partitions) = state;
        _changes.Begin(position.Index);
        _ledger = new(_counters, _changes);
        _rule = new(_ledger, _partitions);
        _batches = new(_ledger);
    }

    private void Apply(ReadOnlySpan<byte> command, IBufferWriter<byte> reply)
    {
        var reader = new MessagePackReader(command);
        if (!StoreCommandReader.TryReadOpcode(ref reader, out var opcode))
        {
            ReplyCode.WriteDeclined(reply, StoreProblem.Malformed);
            return;
        }

        var problem = opcode switch
        {
            StoreOpcode.Add => Add(ref reader, reply),
            StoreOpcode.Max => Max(ref reader, reply),
            StoreOpcode.CompareAndSet => CompareAndSet(ref reader, reply),
            StoreOpcode.Delete => Delete(ref reader, reply),
            StoreOpcode.OpenPartition => Open(ref reader, reply),
            StoreOpcode.Batch => _batches.Apply(ref reader, reply),
            _ => Advance(ref reader, command, reply),
        };
        if (problem != StoreProblem.None)
            ReplyCode.WriteDeclined(reply, problem);
    }

    // Each of these writes its reply and returns None, or writes nothing and returns the problem.
    private StoreProblem Add(ref MessagePackReader reader, IBufferWriter<byte> reply)
    {
        var problem = StoreCommandReader.ReadNumber(ref reader, out var key, out var delta);
        if (problem != StoreProblem.None)
            return problem;
        var hash = KeyHash.Of(key);
        var number = _counters.Find(key, hash);
        if (HoldsBytes(number))
            return WrongType(reply);
        var before = number < 0 ? 0 : _counters.ValueAt(number);
        if (!AdvanceRule.TryAdd(before, delta, out var after))
        {
            new CounterReply(StoreProblem.Overflow, before, number >= 0, true).Write(reply);
            return StoreProblem.None;
        }

        return Set(key, hash, number, after, reply);
    }

    private StoreProblem Max(ref MessagePackReader reader, IBufferWriter<byte> reply)
    {
        var problem = StoreCommandReader.ReadNumber(ref reader, out var key, out var value);
        if (problem != StoreProblem.None)
            return problem;
        var hash = KeyHash.Of(key);
        var number = _counters.Find(key, hash);
        if (HoldsBytes(number))
            return WrongType(reply);
        return Set(key, hash, number, Math.Max(value, number < 0 ? 0 : _counters.ValueAt(number)), reply);
    }

    private StoreProblem CompareAndSet(ref MessagePackReader reader, IBufferWriter<byte> reply)
    {
        var problem = StoreCommandReader.ReadCompareAndSet(ref reader, out var key, out var expected, out var value);
        if (problem != StoreProblem.None)
            return problem;
        var hash = KeyHash.Of(key);
        var number = _counters.Find(key, hash);
        if (HoldsBytes(number))
            return WrongType(reply);
        long? before = number < 0 ? null : _counters.ValueAt(number);
        if (before == expected)
            return Set(key, hash, number, value, reply);
        new CounterReply(StoreProblem.None, before ?? 0, before is not null, false).Write(reply);
        return StoreProblem.None;
    }

    private bool HoldsBytes(int number) => number >= 0 && _counters.HoldsBytes(number);

    private static StoreProblem WrongType(IBufferWriter<byte> reply)
    {
        CounterReply.OfBytes.Write(reply);
        return StoreProblem.None;
    }

    private StoreProblem Set(ReadOnlySpan<byte> key, ulong hash, int number, long value, IBufferWriter<byte> reply)
    {
        if (number >= 0)
            _ledger.SetAt(number, key, hash, value);
        else if (_counters.HasRoomFor(1, key.Length))
            _ledger.Insert(key, hash, value);
        else
            return StoreProblem.Full;
        new CounterReply(StoreProblem.None, value, true, true).Write(reply);
        return StoreProblem.None;
    }

    private StoreProblem Delete(ref MessagePackReader reader, IBufferWriter<byte> reply)
    {
        var problem = StoreCommandReader.ReadDelete(ref reader, out var key);
        if (problem != StoreProblem.None)
            return problem;
        var number = _counters.Find(key);
        var value = number < 0 || HoldsBytes(number) ? 0 : _counters.ValueAt(number);
        if (number >= 0)
            _ledger.RemoveAt(number, key);
        new CounterReply(StoreProblem.None, value, false, true).Write(reply);
        return StoreProblem.None;
    }

    private StoreProblem Open(ref MessagePackReader reader, IBufferWriter<byte> reply)
    {
        var problem = StoreCommandReader.ReadOpenPartition(ref reader, out var name);
        if (problem != StoreProblem.None)
            return problem;
        var partition = _partitions.Find(name);
        if (partition is null)
        {
            if (_partitions.Count == StoreLimits.MaxPartitions)
                return StoreProblem.TooManyPartitions;
            partition = _partitions.Add(name);
        }

        partition = _partitions.Open(partition);
        PartitionReply.Write(reply, StoreProblem.None, partition);
        return StoreProblem.None;
    }

    private StoreProblem Advance(ref MessagePackReader reader, ReadOnlySpan<byte> command, IBufferWriter<byte> reply)
    {
        var problem = _advance.Read(ref reader, command);
        if (problem != StoreProblem.None)
            return problem;
        problem = _rule.Apply(_advance, command, out var partition);
        PartitionReply.Write(reply, problem, partition);
        return StoreProblem.None;
    }
}
