using System.Buffers;

namespace RaftStream.StreamStateMachine;

/// <summary>Where a topology ends: what comes here is written down, as text, for whoever takes it from the cluster.</summary>
internal abstract class SinkNode(TopologyGraph graph, string kind, string name, TopologyNode from) : TopologyNode(graph, kind, name, from)
{
    public override bool IsStateful => true;

    /// <summary>How many outputs are kept for those who come back for them; null: all, until they were handed on.</summary>
    public abstract long? Keep { get; }
}

/// <summary>A sink whose outputs are asked for, or handed on by a node.</summary>
internal sealed class SinkNode<T>(TopologyGraph graph, string kind, string name, StreamNode<T> from, Action<IBufferWriter<byte>, T> format, long? keep, string detail)
    : SinkNode(graph, kind, name, from), IInput<T>
{
    public TopologyNode Node => this;

    public override long? Keep => keep;

    public override string Detail => detail;

    public override IEnumerable<Delegate> UserCode => [format];

    public IReceiver<T> Connect(Pipeline pipeline) => new Receiver(this, ((ApplyPipeline)pipeline).Context, format);

    private sealed class Receiver(SinkNode sink, JobContext context, Action<IBufferWriter<byte>, T> format) : IReceiver<T>
    {
        private readonly ArrayBufferWriter<byte> _text = new(256);

        public void Receive(in Record<T> record)
        {
            _text.ResetWrittenCount();
            format(_text, record.Value);
            context.Outputs.Add(sink, record.Time, _text.WrittenSpan);
        }
    }
}
