using System.Buffers;
using System.Security.Cryptography;
using System.Text;
using RaftStream.Raft.Wire;

namespace RaftStream.StreamStateMachine.Tests;

/// <summary>A store fed by hand, one command a batch, with replies decoded.</summary>
internal sealed class StoreHarness(CountingStore store)
{
    private long _index;

    /// <summary>The last entry.</summary>
    public LogIndex Index => new(_index);

    public StoreHarness()
        : this(new CountingStore())
    {
    }

    public CountingStore Store { get; } = store;

    public ulong Hash => Store.StateHash;

    public byte[] Apply(ReadOnlyMemory<byte> command)
    {
        var bytes = new ArrayBufferWriter<byte>();
        var results = new Results(bytes, new int[1]);
        Store.Apply(new CommandBatch(new Command[] { new(new(new(++_index), new(1)), 0, command) }), ref results);
        Assert.That(results.Count, Is.EqualTo(1));
        return bytes.WrittenSpan.ToArray();
    }

    public CounterReply Add(string key, long delta) => Counter(output => StoreCommand.WriteAdd(output, Utf8(key), delta));

    public CounterReply CompareAndSet(string key, long? expected, long value) =>
        Counter(output => StoreCommand.WriteCompareAndSet(output, Utf8(key), expected, value));

    public CounterReply Delete(string key) => Counter(output => StoreCommand.WriteDelete(output, Utf8(key)));

    /// <summary>Applies a batch, which is not declined as a whole.</summary>
    public List<BatchResult> Batch(Action<StoreBatch> write)
    {
        var batch = new StoreBatch();
        write(batch);
        Assert.That(BatchReply.TryRead(Apply(batch.Command), out var problem, out var results), Is.True);
        Assert.That((problem, results.Count), Is.EqualTo((StoreProblem.None, batch.Count)));
        return results;
    }

    /// <summary>What a key holds, in words.</summary>
    public string Value(string key) => Describe(Values(key)[0]);

    public List<StoreValue> Values(params string[] keys)
    {
        var query = Bytes(output => StoreQuery.WriteGetValues(output, [.. keys.Select(static key => (ReadOnlyMemory<byte>)Utf8(key))]));
        Assert.That(StoreValuesReply.TryRead(Query(query), out var problem, out var values), Is.True);
        Assert.That(problem, Is.EqualTo(StoreProblem.None));
        return values;
    }

    public (ulong Next, List<ScannedKey> Keys) Scan(ulong cursor, int count)
    {
        Assert.That(ScanReply.TryRead(Query(output => StoreQuery.WriteScan(output, cursor, count)), out var problem, out var next, out var keys), Is.True);
        Assert.That(problem, Is.EqualTo(StoreProblem.None));
        return (next, keys);
    }

    /// <summary>An integer as its text, bytes as their text in quotes.</summary>
    public static string Describe(StoreValue value) => value.Kind switch
    {
        ValueKind.None => "none",
        ValueKind.Integer => $"{value.Integer}",
        _ => $"'{Encoding.UTF8.GetString(value.Bytes.Span)}'",
    };

    public PartitionReply Open(PartitionName name) =>
        PartitionReply.TryRead(Apply(Bytes(output => StoreCommand.WriteOpenPartition(output, name))))!;

    public PartitionReply Advance(ReadOnlyMemory<byte> command) => PartitionReply.TryRead(Apply(command))!;

    public CounterReply Get(string key)
    {
        Assert.That(CounterReply.TryRead(Query(output => StoreQuery.WriteGet(output, Utf8(key))), out var reply), Is.True);
        return reply;
    }

    public TopReply Top(int limit) => TopReply.TryRead(Query(output => StoreQuery.WriteTop(output, limit)))!;

    public PartitionReply Job(PartitionName name) => PartitionReply.TryRead(Query(output => StoreQuery.WriteJob(output, name)))!;

    public DeadLettersReply DeadLetters(PartitionName name, int limit) =>
        DeadLettersReply.TryRead(Query(output => StoreQuery.WriteDeadLetters(output, name, limit)))!;

    public StatsReply Stats() => StatsReply.TryRead(Query(StoreQuery.WriteStats))!;

    public byte[] Query(Action<IBufferWriter<byte>> write) => Query(Bytes(write));

    public byte[] Query(byte[] query)
    {
        var reply = new ArrayBufferWriter<byte>();
        Store.Query(query, reply);
        return reply.WrittenSpan.ToArray();
    }

    public byte[] Snapshot()
    {
        using var view = Store.Capture();
        var all = new ArrayBufferWriter<byte>();
        while (true)
        {
            var before = all.WrittenCount;
            if (!view.WriteNext(all))
                return all.WrittenSpan.ToArray();
            Assert.That(all.WrittenCount - before, Is.InRange(1, 64 * 1024));
        }
    }

    public void Restore(byte[] snapshot) => Restore(snapshot, new(_index));

    /// <summary>Restores a snapshot of that index; commands go on behind it.</summary>
    public void Restore(byte[] snapshot, LogIndex index)
    {
        Store.Restore(new BytesReader(snapshot, new Random(snapshot.Length), index));
        _index = index.Value;
    }

    public static byte[] Bytes(Action<IBufferWriter<byte>> write)
    {
        var output = new ArrayBufferWriter<byte>();
        write(output);
        return output.WrittenSpan.ToArray();
    }

    public static byte[] Utf8(string text) => Encoding.UTF8.GetBytes(text);

    /// <summary>An Advance over a made-up source: the prefix hash is that of the offset's digits.</summary>
    public static byte[] AdvanceBytes(
        PartitionName name, long epoch, long from, long to, IEnumerable<(string Key, long Delta)> changes, long words = 0, List<DeadLetter>? letters = null)
    {
        var table = new CountTable(100_000, 1 << 24);
        foreach (var (key, delta) in changes)
            table.Add(Utf8(key), delta);
        var hash = SHA256.HashData(Utf8($"{to}"));
        return Bytes(output => StoreCommand.WriteAdvance(
            output,
            new AdvanceHeader { Name = name, Epoch = epoch, From = from, To = to, PrefixSha256 = hash, Words = words },
            letters ?? [],
            table));
    }

    /// <summary>The changes inside an Advance, read from its bytes.</summary>
    public static (AdvanceCommand Command, Dictionary<string, long> Changes) Decode(byte[] command)
    {
        var reader = new MessagePackReader(command);
        Assert.That(StoreCommandReader.TryReadOpcode(ref reader, out var opcode) && opcode == StoreOpcode.Advance, Is.True);
        var advance = new AdvanceCommand();
        Assert.That(advance.Read(ref reader, command), Is.EqualTo(StoreProblem.None));
        return (advance, advance.Changes.ToDictionary(change => Encoding.UTF8.GetString(command, change.KeyStart, change.KeyLength), change => change.Delta, StringComparer.Ordinal));
    }

    private CounterReply Counter(Action<IBufferWriter<byte>> write)
    {
        Assert.That(CounterReply.TryRead(Apply(Bytes(write)), out var reply), Is.True);
        return reply;
    }
}

/// <summary>Hands out a snapshot's bytes in pieces of random size.</summary>
internal sealed class BytesReader(byte[] bytes, Random random, LogIndex index = default) : ISnapshotReader
{
    private int _at;

    public LogPosition Position => new(index, new(1));

    public int Read(Span<byte> destination)
    {
        var count = Math.Min(Math.Min(bytes.Length - _at, destination.Length), random.Next(1, 100_000));
        bytes.AsSpan(_at, count).CopyTo(destination);
        _at += count;
        return count;
    }
}
