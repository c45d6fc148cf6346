using System.Buffers;

namespace RaftStream.StreamStateMachine;

/// <summary>Where a topology ends in files: every replica writes its own copy of them, a line a record, and all copies are equal byte for byte.</summary>
internal abstract class FileSinkNode(TopologyGraph graph, string name, TopologyNode from, FileSinkOptions options) : TopologyNode(graph, "file", name, from)
{
    /// <summary>The longest line in bytes, its end among them: 1 MiB.</summary>
    public const int MaxLineBytes = 1024 * 1024;

    public override bool IsStateful => true;

    public override string Detail => $"files of {options.RotateBytes} bytes, newest {options.Keep}";

    public override string? Guarantee => "each record once in the files of every replica.";

    /// <summary>How its files are cut.</summary>
    public FileSinkOptions Options => options;
}

/// <summary>A sink that writes records of a type to files.</summary>
internal sealed class FileSinkNode<T>(TopologyGraph graph, string name, StreamNode<T> from, Action<IBufferWriter<byte>, T> format, FileSinkOptions options)
    : FileSinkNode(graph, name, from, options), IInput<T>
{
    private const byte LineEnd = (byte)'\n';

    public TopologyNode Node => this;

    public override IEnumerable<Delegate> UserCode => [format];

    public IReceiver<T> Connect(Pipeline pipeline) => new Receiver(this, ((ApplyPipeline)pipeline).Context, format);

    private sealed class Receiver(FileSinkNode sink, JobContext context, Action<IBufferWriter<byte>, T> format) : IReceiver<T>
    {
        private readonly ArrayBufferWriter<byte> _line = new(256);

        public void Receive(in Record<T> record)
        {
            _line.ResetWrittenCount();
            format(_line, record.Value);
            if (_line.WrittenSpan.Contains(LineEnd))
                throw new PoisonRecordException($"What '{sink.Name}' is to write has a line feed, and each record is one line: leave it out in 'format', or write it in another way.");
            if (_line.WrittenCount >= MaxLineBytes)
                throw new PoisonRecordException($"The line for '{sink.Name}' takes {_line.WrittenCount + 1} bytes, and {MaxLineBytes} are the most.");
            _line.GetSpan(1)[0] = LineEnd;
            _line.Advance(1);
            context.Files.Add(sink, _line.WrittenSpan);
        }
    }
}
