namespace RaftStream.StreamStateMachine;

/// <summary>Where records come in, whatever their type.</summary>
internal interface ISourceNode
{
    string Name { get; }

    /// <summary>Its number among the sources; part of the keys of its partitions.</summary>
    int Number { get; }

    /// <summary>How long a partition may be silent, by log time in nanoseconds, before it stops holding back the watermark; 0: for ever.</summary>
    long IdleAfter { get; }
}

/// <summary>Where records come in. A <see cref="PartitionReader{T}"/> hands them to the pipeline behind it.</summary>
internal sealed class SourceNode<T>(TopologyGraph graph, string name, int number, IStreamSource<T>? source, EventTime<T> time)
    : StreamNode<T>(graph, "source", name), ISourceNode
{
    public int Number => number;

    /// <summary>What is read; null where records are handed in.</summary>
    public IStreamSource<T>? Source => source;

    public EventTime<T> Time => time;

    public long IdleAfter => time.IdleAfter.Ticks * 100;

    public override IEnumerable<int> Sources => [number];

    public override string Detail => time.Detail;
}
