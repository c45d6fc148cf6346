using System.Buffers;

namespace RaftStream.StreamStateMachine;

/// <summary>
/// Makes commands of the records of one partition: runs the part of the topology in front of the log, and collects what comes of it. Does no I/O and has no clock: whoever reads the source pushes records in and
/// proposes what comes out. Owned by one reader; used from the position at which the partition was opened, until a command is declined.
/// </summary>
internal abstract class PartitionReader
{
    protected PartitionReader(Job job, int source, string partition, long epoch, SourcePosition position, long watermark)
    {
        (Job, Source, Partition, Epoch, Position, Watermark) = (job, source, partition, epoch, position, watermark);
        Pipeline = new(job, Batch);
    }

    public Job Job { get; }

    public int Source { get; }

    public string Partition { get; }

    public long Epoch { get; }

    /// <summary>Behind which record the batch under way begins.</summary>
    public SourcePosition Position { get; private set; }

    /// <summary>No record of a time up to it is to come.</summary>
    public long Watermark { get; protected set; }

    /// <summary>The latest event time of a record so far, also of those before where the partition was opened; <see cref="long.MinValue"/> without one.</summary>
    public long LatestTime { get; protected set; } = long.MinValue;

    /// <summary>How many records of the source are in the batch under way.</summary>
    public long Records { get; protected set; }

    /// <summary>How many records of the source a batch has at the most.</summary>
    public int MaxRecords { get; set; } = JobLimits.BatchRecords;

    /// <summary>Whether the batch is to be sent before more is pushed in.</summary>
    public bool IsFull => Records >= MaxRecords || Batch.Bytes >= JobLimits.BatchBytes;

    protected AdvanceBatch Batch { get; } = new();

    protected ReaderPipeline Pipeline { get; }

    /// <summary>The partition has ended: no record is to come.</summary>
    public void End() => Watermark = long.MaxValue;

    /// <summary>Writes the batch as a command that ends at a position, and begins the next one there.</summary>
    public void Take(IBufferWriter<byte> command, SourcePosition to)
    {
        Pipeline.Flush();
        JobCommand.WriteAdvance(command, Job, new(Source, Partition, Epoch, Position, to, Watermark, Records), Batch);
        Batch.Clear();
        (Position, Records) = (to, 0);
    }
}

internal sealed class PartitionReader<T> : PartitionReader
{
    private readonly IReceiver<T> _first;
    private readonly EventTime<T> _time;

    public PartitionReader(Job job, SourceNode<T> source, string partition, long epoch, SourcePosition position, long watermark)
        : base(job, source.Number, partition, epoch, position, watermark)
    {
        (_first, _time) = (Pipeline.Behind(source), source.Time);
        LatestTime = watermark is long.MinValue or long.MaxValue ? long.MinValue : watermark + OutOfOrderness + 1;
    }

    private long OutOfOrderness => _time.OutOfOrderness.Ticks / TimeSpan.TicksPerMillisecond;

    /// <summary>Takes in the next record.</summary>
    /// <param name="record">The record, or why there is none.</param>
    /// <param name="now">The wall clock in milliseconds since 1970-01-01 UTC, for records without a time of their own.</param>
    /// <exception cref="JobCodeException">Code in front of the log threw; this reader is not used any more.</exception>
    public void Push(in SourceRecord<T> record, long now)
    {
        Records++;
        if (record.Problem is not null)
        {
            Batch.AddLetter(Short(record.Problem), now, record.Raw);
            return;
        }

        var mark = Batch.Mark();
        var time = now;
        try
        {
            time = TimeOf(record.Value, now);
            _first.Receive(new(record.Value, time));
            if (Batch.Mark().Length - mark.Length > JobLimits.MaxRecordBytes)
                throw new PoisonRecordException($"The record becomes {Batch.Mark().Length - mark.Length} bytes in the log, and {JobLimits.MaxRecordBytes} are the most.");
            Pipeline.TakeRecord();
        }
        catch (PoisonRecordException poison)
        {
            Batch.RollbackTo(mark);
            Pipeline.DropRecord();
            Batch.AddLetter(Short(poison.Message), now, RawOf(record.Value));
            return;
        }
        catch (Exception problem) when (problem is JobCodeException || JobCodeException.IsOfCode(problem))
        {
            throw JobCodeException.InFront(problem, Job.Sources[Source].Name, record.Value is string text ? Beginning(text) : null);
        }

        LatestTime = Math.Max(LatestTime, time);
        Watermark = Math.Max(Watermark, LatestTime - OutOfOrderness - 1);
    }

    private static string Beginning(string text) => text.Length <= 100 ? text : text[..100] + "...";

    private static string Short(string reason) => reason.Length <= JobLetter.MaxReason ? reason : reason[..JobLetter.MaxReason];

    /// <summary>Text is kept as it is; of other records there are no bytes here.</summary>
    private static ReadOnlyMemory<byte> RawOf(T value) => value is string text
        ? System.Text.Encoding.UTF8.GetBytes(text.Length <= SourceRecord<T>.MaxRawBytes / 4 ? text : text[..(SourceRecord<T>.MaxRawBytes / 4)])
        : default;

    private long TimeOf(T value, long now)
    {
        if (_time.Timestamp is not { } timestamp)
            return Math.Max(now, LatestTime);
        var time = timestamp(value);
        return time is >= -TimeWindow.FurthestTime and <= TimeWindow.FurthestTime ? time : throw new PoisonRecordException($"The time {time} lies more than 2^52 ms from 1970.");
    }
}
