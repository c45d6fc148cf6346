namespace RaftStream.StreamStateMachine.Tests;

/// <summary>Commands of every kind, most of which change something, in waves of more additions and more removals; with batches of bytes where they are asked for.</summary>
internal sealed class RandomCommands(Random random, int keys, bool withBytes = false)
{
    private static readonly PartitionName[] Names = [new("job", "a"), new("job", "b"), new("other", "a")];

    private readonly long[] _epochs = new long[Names.Length];
    private readonly long[] _offsets = new long[Names.Length];
    private int _step;

    public byte[] Next()
    {
        var isGrowing = (_step++ / 700) % 2 == 0;
        return random.Next(20) switch
        {
            0 => Open(random.Next(Names.Length)),
            1 or 2 or 9 or 10 when withBytes => Batch(),
            < 3 => Advance(random.Next(Names.Length)),
            < 5 => StoreHarness.Bytes(output => StoreCommand.WriteCompareAndSet(output, Key(), random.Next(2) == 0 ? null : 1, random.Next(5))),
            < 9 when isGrowing => StoreHarness.Bytes(output => StoreCommand.WriteDelete(output, Key())),
            < 16 when !isGrowing => StoreHarness.Bytes(output => StoreCommand.WriteDelete(output, Key())),
            _ => StoreHarness.Bytes(output => StoreCommand.WriteAdd(output, Key(), random.Next(-2, 100))),
        };
    }

    private byte[] Open(int partition)
    {
        _epochs[partition]++;
        return StoreHarness.Bytes(output => StoreCommand.WriteOpenPartition(output, Names[partition]));
    }

    private byte[] Batch()
    {
        var batch = new StoreBatch();
        for (var more = random.Next(1, 5); more > 0; more--)
        {
            var value = new byte[random.Next(30) == 0 ? random.Next(65_537) : random.Next(60)];
            random.NextBytes(value);
            batch.TrySet(Key(), random.Next(4) == 0 ? "17"u8 : value);
        }

        return batch.Command.ToArray();
    }

    private byte[] Advance(int partition)
    {
        var from = _offsets[partition];
        var to = from + 40;
        if (_epochs[partition] > 0)
            _offsets[partition] = to;
        var changes = Enumerable.Range(0, random.Next(1, 30)).Select(_ => $"word {random.Next(keys)}").Distinct(StringComparer.Ordinal).Select(word => (word, 1L));
        return StoreHarness.AdvanceBytes(Names[partition], _epochs[partition], from, to, changes, 3, random.Next(3) == 0 ? [new(from + 1, 5, "letter")] : null);
    }

    /// <summary>Now and then a long one, so that pages of keys fill up and are emptied.</summary>
    private byte[] Key()
    {
        var number = random.Next(keys);
        return StoreHarness.Utf8($"key {number}" + new string('k', number % 7 == 0 ? 1_500 : number % 5));
    }
}
