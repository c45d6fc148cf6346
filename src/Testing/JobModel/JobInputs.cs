using System.Buffers.Binary;

namespace RaftStream.Testing;

/// <summary>What a reference reads of the sources of a job: their records by source, partition and number, the first of which is 0.</summary>
internal interface IJobInputs
{
    /// <summary>A record.</summary>
    SourceRecord<ModelRecord> Record(int source, int partition, int number);

    /// <summary>The wall clock where a record is read, in milliseconds since 1970-01-01 UTC.</summary>
    long ReadAt(int source, int partition, int number);
}

/// <summary>The records of a drawn topology's sources: the same ones whoever asks, and how often. A position is the number of the records before it.</summary>
internal sealed class JobInputs(JobSpec spec) : IJobInputs
{
    private const string Letters = "abcd";

    /// <summary>How many records a partition has.</summary>
    public int Length(int source, int partition) => RandomOf(source, partition, -1).Between(10, 60);

    /// <inheritdoc/>
    /// <remarks>Bytes that are no record now and then.</remarks>
    public SourceRecord<ModelRecord> Record(int source, int partition, int number)
    {
        var random = RandomOf(source, partition, number);
        if (random.Chance(0.02))
            return new(default, $"No record stands at {number}.", default);
        var bound = spec.Sources[source].OutOfOrderness;
        var time = spec.Epoch + (number * spec.Unit) - random.Below(bound + spec.Unit) + random.Below(spec.Unit);
        if (random.Chance(0.08))
            time -= random.Below((bound + spec.Unit) * 8);
        else if (random.Chance(0.04))
            time += random.Below(spec.Unit * 12);
        if (random.Chance(0.3))
            time -= ((time % spec.Unit) + spec.Unit) % spec.Unit;
        var key = random.Chance(0.5) ? Letters[random.Below(4)].ToString() : $"{Letters[random.Below(4)]}{random.Below(2)}";
        return new(new(key, random.Below(20), time), null, default);
    }

    /// <inheritdoc/>
    /// <remarks>It goes back now and then.</remarks>
    public long ReadAt(int source, int partition, int number) => spec.Epoch + (number * spec.Unit) + RandomOf(source, partition, number).Below(3 * spec.Unit) - spec.Unit;

    public static int NumberOf(SourcePosition position) => position.IsStart ? 0 : (int)BinaryPrimitives.ReadInt64BigEndian(position.Bytes.Span);

    public static SourcePosition PositionOf(int number)
    {
        if (number == 0)
            return default;
        Span<byte> bytes = stackalloc byte[sizeof(long)];
        BinaryPrimitives.WriteInt64BigEndian(bytes, number);
        return new(bytes);
    }

    private SimRandom RandomOf(int source, int partition, int number) => new(spec.Seed ^ ((ulong)(source + 1) << 56) ^ ((ulong)(partition + 1) << 48) ^ (ulong)(number + 2));
}
