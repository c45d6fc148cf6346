using System.Buffers;

namespace RaftStream.StreamStateMachine;

/// <summary>Where records come in, whatever their type.</summary>
internal interface ISourceNode
{
    string Name { get; }

    /// <summary>Its number among the sources; part of the keys of its partitions.</summary>
    int Number { get; }

    /// <summary>How long a partition may be silent, by log time in nanoseconds, before it stops holding back the watermark; 0: for ever.</summary>
    long IdleAfter { get; }

    /// <summary>Whether it is read, and not handed in.</summary>
    bool IsRead { get; }

    /// <summary>
    /// Makes a command of lines that a producer hands in, whose records have the sequences from one on; null for a source that is read. <c>latest</c> is the latest event time among them, <see cref="long.MinValue"/> without one.
    /// </summary>
    byte[]? Take(Job job, string producer, long first, IReadOnlyList<string> lines, long now, out long latest);

    /// <summary>The partitions that there are now.</summary>
    ValueTask<IReadOnlyList<string>> ListPartitionsAsync(CancellationToken cancellationToken);

    /// <summary>Reads a partition from where it stands, until its end or until it cannot go on.</summary>
    Task<ReadingReport> ReadAsync(Job job, string partition, JobPartition from, Propose propose, BatchSize size, JobFigures figures, TimeProvider clock, CancellationToken cancellationToken);
}

/// <summary>Where records come in. A <see cref="PartitionReader{T}"/> hands them to the pipeline behind it.</summary>
internal sealed class SourceNode<T>(TopologyGraph graph, string name, int number, IStreamSource<T>? source, Func<string, T>? parse, EventTime<T> time)
    : StreamNode<T>(graph, "source", name), ISourceNode
{
    public int Number => number;

    /// <summary>What is read; null where records are handed in.</summary>
    public IStreamSource<T>? Source => source;

    public EventTime<T> Time => time;

    public long IdleAfter => time.IdleAfter.Ticks * 100;

    public override IEnumerable<int> Sources => [number];

    public bool IsRead => source is not null;

    public byte[]? Take(Job job, string producer, long first, IReadOnlyList<string> lines, long now, out long latest)
    {
        latest = long.MinValue;
        if (parse is null)
            return null;

        // Its watermark is that of these records: the log keeps the furthest that there was.
        var reader = new PartitionReader<T>(job, this, producer, 0, ProducerPosition.Behind(first - 1), long.MinValue);
        foreach (var line in lines)
            reader.Push(Parse(parse, Name, line), now);
        latest = reader.LatestTime;
        var command = new ArrayBufferWriter<byte>();
        reader.Take(command, ProducerPosition.Behind(first - 1 + lines.Count));
        return command.WrittenSpan.ToArray();
    }

    public ValueTask<IReadOnlyList<string>> ListPartitionsAsync(CancellationToken cancellationToken) => source?.ListPartitionsAsync(cancellationToken) ?? new([]);

    public Task<ReadingReport> ReadAsync(Job job, string partition, JobPartition from, Propose propose, BatchSize size, JobFigures figures, TimeProvider clock, CancellationToken cancellationToken)
    {
        var reader = new PartitionReader<T>(job, this, partition, from.Epoch, from.Position, from.Watermark);
        return new PartitionRun<T>(reader, source!, propose, size, figures, clock).RunAsync(cancellationToken);
    }

    public override string Detail => time.Detail;

    private static SourceRecord<T> Parse(Func<string, T> parse, string name, string line)
    {
        try
        {
            return SourceRecord<T>.Of(parse(line));
        }
        catch (Exception problem) when (problem is FormatException or OverflowException or System.Text.Json.JsonException or PoisonRecordException)
        {
            return SourceRecord<T>.Malformed(problem.Message, System.Text.Encoding.UTF8.GetBytes(line));
        }
        catch (Exception problem) when (JobCodeException.IsOfCode(problem))
        {
            throw JobCodeException.InFront(problem, name, line.Length <= 100 ? line : line[..100] + "...");
        }
    }
}
