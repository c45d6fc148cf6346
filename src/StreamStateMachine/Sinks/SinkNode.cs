using System.Buffers;

namespace RaftStream.StreamStateMachine;

/// <summary>Where a topology ends: what comes here is written down, as text, for whoever takes it from the cluster.</summary>
internal abstract class SinkNode(TopologyGraph graph, string kind, string name, TopologyNode from) : TopologyNode(graph, kind, name, from)
{
    public override bool IsStateful => true;

    /// <summary>How many outputs are kept for those who come back for them; null: all, until they were handed on.</summary>
    public abstract long? Keep { get; }

    /// <summary>How the node that leads hands outputs on; null where they are asked for.</summary>
    public abstract SinkOutlet? Outlet { get; }
}

/// <summary>What a sink is declared with.</summary>
/// <param name="Kind">The method that declared it.</param>
/// <param name="Keep">How many outputs are kept for those who come back; null: all, until they were handed on.</param>
/// <param name="Outlet">How they are handed on; null exactly where <paramref name="Keep"/> is given.</param>
/// <param name="Guarantee">What the sink promises, in a sentence.</param>
internal sealed record SinkPlan(string Kind, long? Keep, SinkOutlet? Outlet, string Guarantee);

/// <summary>A sink whose outputs are asked for, or handed on by a node.</summary>
internal sealed class SinkNode<T>(TopologyGraph graph, string name, StreamNode<T> from, Action<IBufferWriter<byte>, T> format, SinkPlan plan)
    : SinkNode(graph, plan.Kind, name, from), IInput<T>
{
    public TopologyNode Node => this;

    public override long? Keep => plan.Keep;

    public override SinkOutlet? Outlet => plan.Outlet;

    public override string Detail => plan.Keep is { } keep ? $"newest {keep}" : "kept until handed on";

    public override string? Guarantee => plan.Guarantee;

    public override IEnumerable<Delegate> UserCode => [format];

    public IReceiver<T> Connect(Pipeline pipeline) => new Receiver(this, ((ApplyPipeline)pipeline).Context, format);

    private sealed class Receiver(SinkNode sink, JobContext context, Action<IBufferWriter<byte>, T> format) : IReceiver<T>
    {
        private readonly ArrayBufferWriter<byte> _text = new(256);

        public void Receive(in Record<T> record)
        {
            _text.ResetWrittenCount();
            format(_text, record.Value);
            if (sink.Outlet is not null && _text.WrittenCount > SinkOutlet.MaxOutputBytes)
                throw new PoisonRecordException($"What '{sink.Name}' is to hand on takes {_text.WrittenCount} bytes, and {SinkOutlet.MaxOutputBytes} are the most.");
            context.Outputs.Add(sink, record.Time, _text.WrittenSpan);
        }
    }
}
