using System.Buffers;

namespace RaftStream.Testing;

/// <summary>Makes the commands of one partition from where it was opened, as a node's reader does.</summary>
internal sealed class ModelReader
{
    private readonly JobInputs _inputs;
    private readonly PartitionReader<ModelRecord> _reader;
    private readonly int _length;
    private readonly int _partition;
    private int _pushed;

    public ModelReader(JobBuild build, JobInputs inputs, int source, int partition, JobReply opened)
    {
        (_inputs, _partition, _length) = (inputs, partition, inputs.Length(source, partition));
        _reader = new(build.Job, (SourceNode<ModelRecord>)build.Job.Sources[source], JobSpec.PartitionName(partition), opened.Epoch, opened.Position, opened.Watermark);
        _pushed = JobInputs.NumberOf(opened.Position);
        IsAtEnd = opened.Watermark == long.MaxValue;
    }

    /// <summary>Whether nothing is left to be told of the partition.</summary>
    public bool IsAtEnd { get; private set; }

    /// <summary>The next command: some records, the news that there are no more, or both.</summary>
    public void Take(IBufferWriter<byte> command, int records)
    {
        for (; records > 0 && _pushed < _length; records--, _pushed++)
            _reader.Push(_inputs.Record(_reader.Source, _partition, _pushed), _inputs.ReadAt(_reader.Source, _partition, _pushed));
        if (_pushed == _length && records > 0)
        {
            _reader.End();
            IsAtEnd = true;
        }

        _reader.Take(command, JobInputs.PositionOf(_pushed));
    }
}
