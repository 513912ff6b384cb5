namespace Lease.Transport.Links;

/// <summary>What is wrong with a frame.</summary>
internal enum FrameDefect
{
    /// <summary>No frame has so many octets.</summary>
    Length,

    /// <summary>It is no message of the protocol's.</summary>
    Encoding,

    /// <summary>A packet that should have been a reply, or the other way round.</summary>
    Direction,

    /// <summary>Something that must be there is missing, or a value is out of its range.</summary>
    Value,
}

/// <summary>A frame that cannot be. Its link ends.</summary>
/// <param name="defect">What is wrong.</param>
/// <param name="message">The same in words for the log.</param>
/// <param name="inner">What has found it.</param>
internal sealed class MalformedFrameException(FrameDefect defect, string message, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>What is wrong.</summary>
    public FrameDefect Defect => defect;
}
