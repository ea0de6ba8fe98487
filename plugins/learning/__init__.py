"""What the learning parts share: classes, features, labels, validation, data sets. No plugin; heavy parts load late."""
