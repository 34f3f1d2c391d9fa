//! Everything that cannot be taken over is left alone, and says why.
