using System.Buffers;

namespace RaftStream.StreamStateMachine;

/// <summary>An edge of a topology that leads from the reader into the log: its records are written into commands, and read from them in <c>Apply</c>.</summary>
internal abstract class Ingress(int id, TopologyNode from, TopologyNode into)
{
    /// <summary>Its number, which commands name it by.</summary>
    public int Id => id;

    public TopologyNode From => from;

    public TopologyNode Into => into;

    /// <summary>How its records are written.</summary>
    public abstract string Layout { get; }

    /// <summary>Where <c>Apply</c> hands in the bytes of a record.</summary>
    public abstract IIngressEntry Open(ApplyPipeline pipeline);
}

/// <summary>Takes records as bytes.</summary>
internal interface IIngressEntry
{
    /// <exception cref="PoisonRecordException">The bytes are no record of this edge, or an operator cannot process it.</exception>
    void Enter(ReadOnlySpan<byte> value, long time);
}

internal sealed class Ingress<T>(int id, StreamNode<T> from, IInput<T> into) : Ingress(id, from, into.Node)
{
    public override string Layout => from.Codec?.Name ?? "";

    public override IIngressEntry Open(ApplyPipeline pipeline) => new Entry(from.Codec!, pipeline.Receiver(into));

    /// <summary>Where the reader's pipeline ends: records go into the batch under way.</summary>
    public IReceiver<T> Close(AdvanceBatch batch) => new Writer(Id, from.Codec!, batch);

    /// <summary>Whether this is the edge into that input.</summary>
    public bool Leads(IInput<T> input) => ReferenceEquals(into, input);

    private sealed class Entry(ICodec<T> codec, IReceiver<T> receiver) : IIngressEntry
    {
        public void Enter(ReadOnlySpan<byte> value, long time) => receiver.Receive(new(Read(value), time));

        /// <summary>Bytes that are no record are the record's fault, not that of the state behind it.</summary>
        private T Read(ReadOnlySpan<byte> value)
        {
            try
            {
                return codec.Read(value);
            }
            catch (InvalidDataException problem)
            {
                throw new PoisonRecordException(problem.Message, problem);
            }
        }
    }

    private sealed class Writer(int id, ICodec<T> codec, AdvanceBatch batch) : IReceiver<T>
    {
        private readonly ArrayBufferWriter<byte> _value = new(256);

        public void Receive(in Record<T> record)
        {
            _value.ResetWrittenCount();
            codec.Write(_value, record.Value);
            batch.Add(id, _value.WrittenSpan, record.Time);
        }
    }
}
